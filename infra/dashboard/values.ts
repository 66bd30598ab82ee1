/**
 * The values that metrics are told apart by, as functions/platform/metric-catalogue.ts has them: infra reads no source of theirs, and
 * tests hold the two together.
 */

/** What a caller can be refused for. */
export const refusals = [
  'ConnectionGone',
  'Forbidden',
  'InvalidRequest',
  'MessageIdConflict',
  'PartConflict',
  'PayloadTooLarge',
  'PermissionRefused',
  'TooManyConnections',
  'TooManyRequests',
  'Unauthorized',
] as const;
export const postOutcomes = ['delivered', 'gone', 'throttled', 'too-large', 'failed'] as const;
export const retryOutcomes = ['delivered', 'gone', 'closed', 'again', 'moot'] as const;
export const partRefusals = ['totalParts', 'sender', 'partNumber', 'closed'] as const;
export const groupOutcomes = ['completed', 'incomplete'] as const;
export const deadLetterStages = ['parse', 'commit', 'subscribers', 'multi-part'] as const;
export const redriveOutcomes = ['redriven', 'discarded', 'skipped', 'failed'] as const;
