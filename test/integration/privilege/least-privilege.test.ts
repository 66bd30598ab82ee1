import type { StatementUse } from '../../setup/edge-control.ts';
import { Stage } from '../../setup/stage.ts';
import { administer } from './administer.ts';
import {
  comeAndGo,
  concludeGroups,
  failInBetween,
  failToDeliver,
  failToHandOver,
  failToProcess,
  publishBothWays,
  subscribeInOddCases,
  useASocket,
} from './exercise.ts';
import { governAChat } from './govern.ts';
import { serveALargeChat } from './large-chats.ts';
import { redriveEverything } from './redrive.ts';

/** Rights that AWS needs and that no call here can show, each with the reason. */
const unseen: { action: string; reason: string }[] = [
  { action: 'logs:CreateLogStream', reason: 'Lambda writes its log with the function’s role; local logs go to a file' },
  { action: 'logs:PutLogEvents', reason: 'Lambda writes its log with the function’s role; local logs go to a file' },
  {
    action: 'sqs:GetQueueAttributes',
    reason:
      'Lambda asks for it when an event source mapping of a queue is made: docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html',
  },
];

const isUnseen = (action: string): boolean => unseen.some((known) => known.action === action);

/**
 * The template gives no right that nothing needs. Every function and resolver is exercised over the embedded cloud, whose edge decides
 * each call by the template's policies and remembers which statement, action and resource decided it. An Allow is needed when some
 * call rested on it alone: take it from the template, and that call is denied. So removing any one statement fails here, or in the
 * exercise itself, and so does adding one that is not needed.
 */
describe('the policies of the template', () => {
  let stage: Stage;
  let allows: StatementUse[];

  beforeAll(async () => {
    stage = await Stage.start();
    await publishBothWays(stage);
    await useASocket(stage);
    await subscribeInOddCases(stage);
    await comeAndGo(stage);
    await concludeGroups(stage);
    await failToProcess(stage);
    await failToDeliver(stage);
    await failInBetween(stage);
    await failToHandOver(stage);
    await serveALargeChat(stage);
    await administer(stage);
    await governAChat(stage);
    await redriveEverything(stage);
    allows = (await stage.edge.policies()).filter(({ effect }) => effect === 'Allow');
  }, 120_000);

  afterAll(() => stage.close());

  /** The statements of which `pick` finds something, as `ROLE STATEMENT: WHAT`. */
  function found(pick: (use: StatementUse) => string[]): string[] {
    return allows.flatMap((use) => pick(use).map((what) => `${use.role} ${use.statement}: ${what}`));
  }

  test('allow everything that is done', async () => {
    expect(await stage.edge.denials()).toEqual([]);
  });

  test('allow no action that is not done', () => {
    expect(found(({ unusedActions }) => unusedActions.filter((action) => !isUnseen(action)))).toEqual([]);
  });

  test('allow nothing on a resource that is not touched', () => {
    const seen = allows.filter(({ actions }) => !actions.every(isUnseen));
    expect(seen.length).toBeGreaterThan(20);
    expect(found((use) => (seen.includes(use) ? use.unusedResources : []))).toEqual([]);
  });

  test('say nothing twice: without any one of them, a call of the exercise would be denied', () => {
    const idle = found(({ decisive, actions }) => (decisive === 0 && !actions.every(isUnseen) ? actions : []));
    expect(idle).toEqual([]);
  });

  test('excuse only rights that are there, and unused', () => {
    const unused = new Set(allows.flatMap(({ unusedActions }) => unusedActions));
    expect(unseen.map(({ action }) => action).filter((action) => !unused.has(action))).toEqual([]);
  });

  test('let SNS send to the queues and alarms reach operators, and hold everyone to TLS', async () => {
    const ofQueuesAndTopics = (await stage.edge.policies()).filter(({ role }) => /Policy/.test(role));
    const denied = ofQueuesAndTopics.filter(({ effect }) => effect === 'Deny');
    expect(denied.map(({ used }) => used)).toEqual(denied.map(() => 0));
    const allowed = ofQueuesAndTopics.filter(({ effect }) => effect === 'Allow');
    expect(allowed.map(({ actions }) => actions.join()).sort()).toEqual([
      'sns:Publish',
      ...Array<string>(4).fill('sqs:SendMessage'),
    ]);
    expect(allowed.every(({ decisive }) => decisive > 0)).toBe(true);
  });
});
