import * as v from 'valibot';
import { GatewayFault, MessageFrame, TypedFrame } from '../../functions/domain/protocol/server-frames.ts';

/** What is wrong with a frame, by the definitions that the published schemas are made of; nothing when it is as it should be. */
export function breachOf(frame: Record<string, unknown>): Error | undefined {
  const parsed = v.safeParse(definitionOf(frame), frame);
  if (parsed.success) return undefined;
  const issues = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? 'the frame'}: ${issue.message}`);
  return new Error(`A frame breaks the contract: ${issues.join('; ')} in ${JSON.stringify(frame).slice(0, 500)}`);
}

function definitionOf(frame: Record<string, unknown>): v.GenericSchema {
  if ('type' in frame) return TypedFrame;
  return 'chatId' in frame ? MessageFrame : GatewayFault;
}
