import type { LetterAttribute, LetterRow } from '../../platform/dead-letters.ts';
import { pause } from '../../platform/pause.ts';
import { callBytes, entriesPerCall, sendTogether, type OutgoingMessage } from '../../platform/queues.ts';
import { isFifo, sourceUrlOf } from './source.ts';

/** Thrown when SQS kept failing at letters through no fault of theirs: some may be sent, and sending all again is safe. */
export class SendingFailed extends Error {
  override readonly name = 'SendingFailed';

  constructor(left: number, code: string) {
    super(`SQS failed ${maxFailures} times to take ${left} letters: ${code}`);
  }
}

/** What became of letters. `refused` tells why, by arrival; on FIFO also of those that were behind a refused one. */
export interface Sent {
  sent: LetterRow[];
  refused: Map<string, string>;
}

/** Why a letter was not even tried. */
const behindARefusedOne = 'BehindARefusedOne';

const maxFailures = 4;

/**
 * Sends letters to the queue they came from, as they were. On FIFO a call holds one letter of a group, for a call can fail
 * in part: so none overtakes another, and a refused one keeps back those behind it.
 *
 * Each names the redrive and itself for deduplication: sent again within 5 minutes it is not taken twice, and another
 * redrive's is another message (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html).
 *
 * @param letters in order.
 * @throws SendingFailed; AWS errors as they are. After either, any of the letters may have been sent.
 */
export async function sendAgain(queue: string, redriveId: string, letters: readonly LetterRow[]): Promise<Sent> {
  const url = sourceUrlOf(queue);
  const fifo = isFifo(queue);
  const result: Sent = { sent: [], refused: new Map() };
  let left = [...letters];
  let failures = 0;
  while (left.length > 0) {
    const call = nextCall(left, fifo, redriveId);
    const answers = await sendTogether(
      url,
      call.map(({ message }) => message),
    );
    let failure: string | undefined;
    for (const [index, { letter }] of call.entries()) {
      const answer = answers[index];
      if (answer === undefined) result.sent.push(letter);
      else if (answer.senderFault) refuse(result.refused, letter, answer.code, fifo ? left : []);
      else failure = answer.code;
    }
    left = left.filter((letter) => !result.sent.includes(letter) && !result.refused.has(letter.arrival));
    if (failure === undefined) continue;
    failures += 1;
    if (failures === maxFailures) throw new SendingFailed(left.length, failure);
    await pause(failures);
  }
  return result;
}

function refuse(refused: Sent['refused'], letter: LetterRow, code: string, waiting: readonly LetterRow[]): void {
  const behind = waiting.filter(({ groupId }) => groupId === letter.groupId);
  for (const { arrival } of behind) refused.set(arrival, behindARefusedOne);
  refused.set(letter.arrival, code);
}

interface Outgoing {
  letter: LetterRow;
  message: OutgoingMessage;
}

/** As many letters as one call may carry, in order; of a FIFO group only the first. */
function nextCall(letters: readonly LetterRow[], fifo: boolean, redriveId: string): Outgoing[] {
  const call: Outgoing[] = [];
  const groups = new Set<string | undefined>();
  let room = callBytes;
  for (const letter of letters) {
    if (fifo && groups.has(letter.groupId)) continue;
    groups.add(letter.groupId);
    const message = messageOf(letter, fifo, redriveId);
    const bytes = bytesOf(letter);
    if (call.length > 0 && (bytes > room || call.length === entriesPerCall)) continue;
    call.push({ letter, message });
    room -= bytes;
  }
  return call;
}

function messageOf({ body, attributes, groupId, arrival }: LetterRow, fifo: boolean, redriveId: string) {
  return {
    MessageBody: body,
    ...(Object.keys(attributes).length > 0 && {
      MessageAttributes: Object.fromEntries(
        Object.entries(attributes).map(([name, attribute]) => [name, outgoing(attribute)]),
      ),
    }),
    // On a standard queue a group is a tenant, so that none starves the others.
    ...(groupId !== undefined && { MessageGroupId: groupId }),
    ...(fifo && { MessageDeduplicationId: `${redriveId}.${arrival}` }),
  };
}

function outgoing({ dataType, text, binary }: LetterAttribute) {
  return {
    DataType: dataType,
    ...(text !== undefined && { StringValue: text }),
    ...(binary !== undefined && { BinaryValue: Buffer.from(binary, 'base64') }),
  };
}

/** As SQS counts: the body, and of each attribute the name, the type and the value. */
function bytesOf({ body, attributes }: LetterRow): number {
  return Object.entries(attributes).reduce(
    (sum, [name, { dataType, text = '', binary = '' }]) =>
      sum + Buffer.byteLength(name + dataType + text) + Buffer.byteLength(binary, 'base64'),
    Buffer.byteLength(body),
  );
}
