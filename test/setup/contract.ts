import * as v from 'valibot';
import {
  GatewayFault,
  MessageFrame,
  MultiPartCompletedFrame,
  MultiPartIncompleteFrame,
  MultiPartRefusedFrame,
  TypedFrame,
} from '../../functions/domain/protocol/server-frames.ts';

/** What the service itself says in a chat, by its type. */
const announcements = new Map<unknown, v.GenericSchema>([
  ['multipart.completed', MultiPartCompletedFrame],
  ['multipart.incomplete', MultiPartIncompleteFrame],
  ['multipart.refused', MultiPartRefusedFrame],
]);

/** What is wrong with a frame, by the definitions that the published schemas are made of; nothing when it is as it should be. */
export function breachOf(frame: Record<string, unknown>): Error | undefined {
  const parsed = v.safeParse(definitionOf(frame), frame);
  if (parsed.success) return undefined;
  const issues = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? 'the frame'}: ${issue.message}`);
  return new Error(`A frame breaks the contract: ${issues.join('; ')} in ${JSON.stringify(frame).slice(0, 500)}`);
}

/** The definition of a frame, by what tells the kinds apart. */
export function definitionOf(frame: Record<string, unknown>): v.GenericSchema {
  if ('type' in frame) return TypedFrame;
  if (!('chatId' in frame)) return GatewayFault;
  return announcements.get(frame['eventType']) ?? MessageFrame;
}
