import type { AwsCall } from '../../local/edge/call.ts';
import type { Backend } from '../../local/edge/edge.ts';
import type { Reply } from '../../local/edge/replies.ts';

/** What calls of DynamoDB came to: request units as AWS bills them, and how transactions went. */
export interface Usage {
  readUnits: number;
  writeUnits: number;
  transactions: number;
  /** Transactions that DynamoDB cancelled, since something was not as they said. */
  refused: number;
}

const nothing: Usage = { readUnits: 0, writeUnits: 0, transactions: 0, refused: 0 };

type Capacity = { CapacityUnits?: number; ReadCapacityUnits?: number; WriteCapacityUnits?: number };

/** Asks the tables' engine with each call what it consumed. */
export class Metered {
  readonly #tables: Backend;
  #usage = { ...nothing };

  constructor(tables: Backend) {
    this.#tables = tables;
  }

  async answer(call: AwsCall): Promise<Reply> {
    const body = Buffer.from(JSON.stringify({ ...call.input, ReturnConsumedCapacity: 'TOTAL' }));
    const reply = await this.#tables({ ...call, body });
    const { ConsumedCapacity = [] } = JSON.parse(reply.body.toString()) as { ConsumedCapacity?: Capacity | Capacity[] };
    const units = [ConsumedCapacity].flat().reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
    if (isRead(call.action)) this.#usage.readUnits += units;
    else this.#usage.writeUnits += units;
    if (call.action === 'TransactWriteItems') {
      this.#usage.transactions += 1;
      if (reply.status !== 200) this.#usage.refused += 1;
    }
    return reply;
  }

  /** What was used since this was last asked. */
  take(): Usage {
    const usage = this.#usage;
    this.#usage = { ...nothing };
    return usage;
  }
}

function isRead(action: string): boolean {
  return /Get|Query|Scan/.test(action);
}
