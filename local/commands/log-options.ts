import { parseArgs } from 'node:util';
import { isValid } from 'ulid';
import { Advice } from './advice.ts';
import { localOutputs } from './outputs-file.ts';

/** What those are asked who read something's story out of logs. */
export type LogOptions = {
  /** A ULID, in upper case. */
  id: string;
  /** The file with the stack's outputs. */
  outputs: string;
  json: boolean;
};

/**
 * Reads `--redrive ID` or `--message ID`, `--outputs FILE` and `--json`.
 * @throws Advice for an id that is none; parseArgs' errors for other options
 */
export function readLogOptions(about: 'message' | 'redrive', usage: string): LogOptions {
  const { values } = parseArgs({
    options: {
      [about]: { type: 'string', default: '' },
      outputs: { type: 'string', default: localOutputs },
      json: { type: 'boolean', default: false },
    },
  });
  const { outputs, json, [about]: id = '' } = values as Record<string, string> & { outputs: string; json: boolean };
  if (!isValid(id))
    throw new Advice(`--${about} expects a ${about}'s id, a ULID, and got ${JSON.stringify(id)}\n\n${usage}`);
  return { id: id.toUpperCase(), outputs, json };
}
