import type { Outputs } from '../../setup/outputs.ts';
import { until } from '../../setup/until.ts';
import { Api, type Answer } from '../graphql/api.ts';

/** What an operator may ask for. */
export type Order = {
  queue: string;
  mode: string;
  filter?: Record<string, unknown>;
  maxMessages?: number;
  maxPerSecond?: number;
  includeRevokedSenders?: boolean;
};

export type Redrive = {
  mode: string;
  redriveId: string;
  status: string;
  examined: number;
  matched: number;
  redriven: number;
  discarded: number;
  skipped: number;
  failed: number;
};

export type Plan = {
  examined: number;
  matched: number;
  skipped: number;
  complete: boolean;
  sample: { arrival: string; messageId: string | null; chatId: string | null; outcome: string; why: string }[];
};

const redriveFields = 'redriveId mode status examined matched redriven discarded skipped failed';

/** Olga, who is in the group `operators`, at the GraphQL endpoint. */
export class Operator {
  readonly #api: Api;

  constructor(outputs: Outputs) {
    this.#api = new Api(outputs);
  }

  async plan(input: Order): Promise<Plan> {
    const { planRedrive } = dataOf(await this.askToPlan(input));
    return planRedrive;
  }

  askToPlan(input: Order): Promise<Answer<{ planRedrive: Plan }>> {
    const fields = 'examined matched skipped complete sample { arrival messageId chatId outcome why }';
    return this.#api.ask('olga', `mutation($input: RedriveInput!) { planRedrive(input: $input) { ${fields} } }`, {
      input,
    });
  }

  /** Starts a redrive, which goes on by itself. */
  async start(input: Order): Promise<Redrive> {
    return dataOf(await this.askToStart(input)).startRedrive;
  }

  askToStart(input: Order, reason = 'a test of redrives'): Promise<Answer<{ startRedrive: Redrive }>> {
    return this.#api.ask(
      'olga',
      `mutation($input: RedriveInput!, $reason: String!) { startRedrive(input: $input, reason: $reason) { ${redriveFields} } }`,
      { input, reason },
    );
  }

  async cancel(redriveId: string): Promise<Redrive> {
    return dataOf(await this.askToCancel(redriveId)).cancelRedrive;
  }

  askToCancel(redriveId: string, reason = 'enough'): Promise<Answer<{ cancelRedrive: Redrive }>> {
    return this.#api.ask(
      'olga',
      `mutation($redriveId: ID!, $reason: String!) { cancelRedrive(redriveId: $redriveId, reason: $reason) { ${redriveFields} } }`,
      { redriveId, reason },
    );
  }

  async redrive(redriveId: string): Promise<Redrive> {
    const query = `query($redriveId: ID!) { redrive(redriveId: $redriveId) { ${redriveFields} } }`;
    return (await this.#api.data<{ redrive: Redrive }>('olga', query, { redriveId })).redrive;
  }

  /** Waits until a redrive is no longer at work. */
  ended({ redriveId }: Pick<Redrive, 'redriveId'>, timeoutMs = 60_000): Promise<Redrive> {
    const ask = async (): Promise<Redrive | false> => {
      const redrive = await this.redrive(redriveId);
      return redrive.status !== 'running' && redrive;
    };
    return until(`the end of redrive ${redriveId}`, ask, timeoutMs);
  }

  /** Starts a redrive and waits for its end. */
  async carryOut(input: Order): Promise<Redrive> {
    return this.ended(await this.start(input));
  }

  /** How many letters of a queue are neither redriven nor discarded, as operators are told. */
  async waiting(queue: string): Promise<number | undefined> {
    const { deadLetterQueues } = await this.#api.data<{ deadLetterQueues: { name: string; waiting: number }[] }>(
      'olga',
      '{ deadLetterQueues { name waiting } }',
    );
    return deadLetterQueues.find(({ name }) => name === queue)?.waiting;
  }
}

function dataOf<Data>({ status, data, errors }: Answer<Data>): Data {
  if (!data || errors) throw new Error(`The operator was answered ${status} ${JSON.stringify(errors)}`);
  return data;
}
