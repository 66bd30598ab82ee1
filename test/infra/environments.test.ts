import { environments, settingsOf } from '../../infra/config.ts';
import { Synthesized } from './synthesized.ts';

const [dev, production, test] = environments.map((environment) => new Synthesized(environment));
if (!dev || !production || !test) throw new Error('An environment is missing');

const kept = ['AWS::DynamoDB::Table', 'AWS::Cognito::UserPool', 'AWS::Logs::LogGroup'];

describe('production', () => {
  it('keeps tables, users and logs when the stack goes, and lets nobody delete tables and users by hand', () => {
    for (const type of kept)
      production.template.allResources(type, { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    production.template.allResourcesProperties('AWS::DynamoDB::Table', { DeletionProtectionEnabled: true });
    production.template.allResourcesProperties('AWS::Cognito::UserPool', { DeletionProtection: 'ACTIVE' });
  });

  it('takes no strangers and no plain passwords', () => {
    production.template.allResourcesProperties('AWS::Cognito::UserPool', {
      AdminCreateUserConfig: { AllowAdminCreateUserOnly: true },
    });
    for (const { Properties } of production.ofType('AWS::Cognito::UserPoolClient')) {
      expect(Properties.ExplicitAuthFlows).not.toContain('ALLOW_USER_PASSWORD_AUTH');
      expect(Properties.ExplicitAuthFlows).not.toContain('ALLOW_ADMIN_USER_PASSWORD_AUTH');
    }
  });

  it('keeps logs longer, and leaves the debugging out of them', () => {
    expect(settingsOf('production').logRetention).toBeGreaterThan(settingsOf('dev').logRetention);
    for (const [, { Properties }] of production.functions()) {
      expect(Properties.Environment.Variables.LOG_LEVEL).toBe('INFO');
    }
  });

  it('lets a chat take several times what one user may send, and a FIFO group no more than its 300 a second', () => {
    const { user, chat } = settingsOf('production').rateLimit;
    expect(chat.perSecond).toBeGreaterThanOrEqual(4 * user.perSecond);
    expect(chat.burst).toBeGreaterThanOrEqual(4 * user.burst);
    expect(chat.perSecond).toBeLessThan(300);
  });

  it("lets in under 30% of the account's 10,000 requests a second, and has large chats' workers post under half of them", () => {
    const { fanOut, throttling } = settingsOf('production');
    const { actions, ...others } = throttling;
    const incoming = [...Object.values(others), ...Object.values(actions)].reduce(
      (sum, { rateLimit }) => sum + rateLimit,
      0,
    );
    expect(incoming).toBeLessThanOrEqual(3_000);
    expect(fanOut.maximumConcurrency * fanOut.postsPerSecond).toBeLessThan(5_000);
  });

  it('gives a pace to the workers of large chats alone: other posts follow what is sent, and give way when throttled', () => {
    const paced = [...production.functions()].filter(
      ([, { Properties }]) => Properties.Environment.Variables.POSTS_PER_SECOND !== undefined,
    );
    expect(paced.map(([name]) => name)).toEqual(['fan-out']);
  });
});

describe('dev', () => {
  it('goes without a trace and lets people sign up and sign in with scripts', () => {
    for (const type of kept) dev.template.allResources(type, { DeletionPolicy: 'Delete' });
    dev.template.allResourcesProperties('AWS::DynamoDB::Table', { DeletionProtectionEnabled: false });
    dev.template.allResourcesProperties('AWS::Cognito::UserPool', {
      AdminCreateUserConfig: { AllowAdminCreateUserOnly: false },
    });
    const people = dev.at('Identity/Users/People', 'AWS::Cognito::UserPoolClient');
    expect(people['Properties'].ExplicitAuthFlows).toContain('ALLOW_USER_PASSWORD_AUTH');
  });

  it('waits 5 and 20 seconds before the second and third try of a record', () => {
    expect(dev.functions().get('message-processor')?.['Properties'].Environment.Variables).toMatchObject({
      PROCESSOR_RETRY_SECONDS: '5,20',
      MESSAGE_RETENTION_DAYS: '30',
      YOUNG_CONNECTION_SECONDS: '30',
    });
    expect(dev.functions().get('delivery-retry')?.['Properties'].Environment.Variables.DELIVERY_RETRY_SECONDS).toBe(
      '1,2,4,8',
    );
  });
});

describe('test', () => {
  it('has the same resources as dev', () => {
    const types = (stack: Synthesized): string[] =>
      stack
        .all()
        .map(({ Type }) => Type)
        .sort();
    expect(types(test)).toEqual(types(dev));
  });

  it('waits a second where dev waits longer', () => {
    expect(
      test.functions().get('message-processor')?.['Properties'].Environment.Variables.PROCESSOR_RETRY_SECONDS,
    ).toBe('1,1');
  });
});

describe('an environment nobody described', () => {
  it('is refused with the names of those there are', () => {
    expect(() => settingsOf('staging')).toThrow(
      'Unknown environment "staging": expected one of dev, production, test.',
    );
  });
});
