/**
 * Every field that a JSONata state of each type may have, of the Amazon States Language (https://states-language.net/spec.html) as
 * https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html restricts it.
 */
const common = ['Type', 'Comment', 'QueryLanguage'];
const following = ['Next', 'End'];
const outcome = ['Output', 'Assign'];
const recovering = ['Retry', 'Catch'];

export const stateFields: Readonly<Record<string, readonly string[]>> = {
  Task: [...common, ...following, ...outcome, ...recovering, 'Resource', 'Arguments', 'TimeoutSeconds'],
  Pass: [...common, ...following, ...outcome],
  Choice: [...common, ...outcome, 'Choices', 'Default'],
  Wait: [...common, ...following, ...outcome, 'Seconds', 'Timestamp'],
  Succeed: [...common, 'Output'],
  Fail: [...common, 'Error', 'Cause'],
  Parallel: [...common, ...following, ...outcome, ...recovering, 'Branches', 'Arguments'],
  Map: [
    ...[...common, ...following, ...outcome, ...recovering],
    ...['Items', 'ItemSelector', 'ItemProcessor', 'MaxConcurrency'],
  ],
};

export const machineFields = ['Comment', 'QueryLanguage', 'StartAt', 'States', 'TimeoutSeconds', 'Version'];
export const branchFields = ['Comment', 'QueryLanguage', 'StartAt', 'States'];
export const processorFields = [...branchFields, 'ProcessorConfig'];
export const choiceFields = ['Comment', 'Condition', 'Next', ...outcome];
export const retrierFields = [
  ...['Comment', 'ErrorEquals', 'IntervalSeconds', 'MaxAttempts', 'BackoffRate', 'MaxDelaySeconds', 'JitterStrategy'],
];
export const catcherFields = ['Comment', 'ErrorEquals', 'Next', ...outcome];

const jsonPath = 'belongs to JSONPath, and this is a JSONata workflow';
const distributed = 'belongs to distributed Map, which Express workflows have not got';

/** Why a field that AWS knows elsewhere is refused. */
export const refusedFields: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      ...[
        'InputPath',
        'OutputPath',
        'Parameters',
        'ResultPath',
        'ResultSelector',
        'Result',
        'ItemsPath',
        'SecondsPath',
      ],
      ...[
        'TimestampPath',
        'TimeoutSecondsPath',
        'HeartbeatSecondsPath',
        'MaxConcurrencyPath',
        'ErrorPath',
        'CausePath',
      ],
      ...['Variable', 'And', 'Or', 'Not'],
    ].map((field) => [field, jsonPath]),
  ),
  ...Object.fromEntries(
    [
      ...['ItemReader', 'ItemBatcher', 'ResultWriter', 'Label', 'ToleratedFailureCount', 'ToleratedFailurePercentage'],
      ...['ToleratedFailureCountPath', 'ToleratedFailurePercentagePath'],
    ].map((field) => [field, distributed]),
  ),
  HeartbeatSeconds: 'is for activities and task tokens, which Express workflows have not got',
  Credentials: 'is not implemented by the embedded cloud: there is one account',
  Iterator: 'is the old name of ItemProcessor',
};
