import { environments } from '../../infra/config.ts';
import type { Resource } from './synthesized.ts';
import { Synthesized } from './synthesized.ts';

interface Keys {
  KeySchema: { AttributeName: string; KeyType: 'HASH' | 'RANGE' }[];
}
interface Index extends Keys {
  IndexName: string;
  Projection: { ProjectionType: string };
}

/** `chatId messageId(S)`: the partition key, then the sort key. */
const keysOf = ({ KeySchema }: Keys, types: Map<string, string>): string =>
  KeySchema.map(({ AttributeName }) => `${AttributeName}:${types.get(AttributeName)}`).join(' ');

function describeTable({ Properties }: Resource): { keys: string; indexes: Record<string, string>; ttl: string } {
  const types = new Map<string, string>(
    Properties.AttributeDefinitions.map((attribute: { AttributeName: string; AttributeType: string }) => [
      attribute.AttributeName,
      attribute.AttributeType,
    ]),
  );
  const indexes: Index[] = Properties.GlobalSecondaryIndexes ?? [];
  return {
    keys: keysOf(Properties, types),
    indexes: Object.fromEntries(
      indexes.map((index) => [index.IndexName, `${keysOf(index, types)} ${index.Projection.ProjectionType}`]),
    ),
    ttl: Properties.TimeToLiveSpecification?.AttributeName,
  };
}

describe.each(environments)('tables of %s', (environment) => {
  const stack = new Synthesized(environment);
  const tables = stack.ofType('AWS::DynamoDB::Table');
  const table = (name: string): Resource => stack.at(`Tables/${name}`, 'AWS::DynamoDB::Table');

  it.each([
    ['Permissions', 'userId:S chatId:S', { byChat: 'chatId:S userId:S ALL' }, 'expiresAt'],
    ['Connections', 'connectionId:S', { byUser: 'userId:S connectedAt:S ALL' }, 'expiresAt'],
    ['Subscriptions', 'chatId:S subscriber:S', { byConnection: 'connectionId:S KEYS_ONLY' }, 'expiresAt'],
    ['Chats', 'chatId:S', {}, undefined],
    ['Messages', 'chatId:S messageId:S', { bySequence: 'chatId:S sequence:N ALL' }, 'expiresAt'],
    ['RateLimits', 'subject:S window:N', {}, 'expiresAt'],
  ])('keeps %s by %s', (name, keys, indexes, ttl) => {
    expect(describeTable(table(name))).toEqual({ keys, indexes, ttl });
  });

  it('tells of every change of a permission, with what it was', () => {
    expect(table('Permissions')['Properties'].StreamSpecification).toEqual({ StreamViewType: 'NEW_AND_OLD_IMAGES' });
  });

  it.each(tables)('is paid by use, encrypted and recoverable to a point in time: $id', ({ Properties }) => {
    expect(Properties).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      SSESpecification: { SSEEnabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
  });
});
