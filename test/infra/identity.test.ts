import { environments } from '../../infra/config.ts';
import { Synthesized, targetId } from './synthesized.ts';

describe.each(environments)('identity of %s', (environment) => {
  const stack = new Synthesized(environment);
  const people = stack.at('Identity/Users/People', 'AWS::Cognito::UserPoolClient')['Properties'];
  const machines = stack.at('Identity/Users/Machines', 'AWS::Cognito::UserPoolClient')['Properties'];

  it('has the groups that open the access plane and the dead letters', () => {
    const groups = stack.ofType('AWS::Cognito::UserPoolGroup').map(({ Properties }) => Properties.GroupName);
    expect(groups.sort()).toEqual(['admins', 'operators']);
  });

  it('asks for long passwords of every kind of character', () => {
    stack.template.hasResourceProperties('AWS::Cognito::UserPool', {
      Policies: {
        PasswordPolicy: {
          MinimumLength: 12,
          RequireLowercase: true,
          RequireUppercase: true,
          RequireNumbers: true,
          RequireSymbols: true,
        },
      },
    });
  });

  it('does not tell strangers which users exist', () => {
    expect(people.PreventUserExistenceErrors).toBe('ENABLED');
    expect(machines.PreventUserExistenceErrors).toBe('ENABLED');
  });

  it('lets people sign in with the app and without a secret', () => {
    expect(people.GenerateSecret).toBeUndefined();
    expect(people.AllowedOAuthFlowsUserPoolClient).toBe(false);
    expect(people.ExplicitAuthFlows).toContain('ALLOW_USER_SRP_AUTH');
  });

  it('lets machines have tokens for their secret, and no person sign in as a machine', () => {
    expect(machines).toMatchObject({
      GenerateSecret: true,
      AllowedOAuthFlows: ['client_credentials'],
      ExplicitAuthFlows: ['ALLOW_REFRESH_TOKEN_AUTH'],
    });
    const [scope] = machines.AllowedOAuthScopes;
    const server = stack.target(scope['Fn::Join'][1][0]);
    expect(server['Properties']).toMatchObject({ Identifier: 'notifications', Scopes: [{ ScopeName: 'publish' }] });
    const [domain] = stack.ofType('AWS::Cognito::UserPoolDomain');
    expect(targetId(domain?.['Properties'].UserPoolId)).toBe(targetId(machines.UserPoolId));
  });
});
