import { Aws, CfnOutput, Validations } from 'aws-cdk-lib';
import type { UserPoolClient } from 'aws-cdk-lib/aws-cognito';
import { AccountRecovery, Mfa, OAuthScope, ResourceServerScope, UserPool } from 'aws-cdk-lib/aws-cognito';
import { Construct } from 'constructs';
import type { Settings } from './settings.ts';

/** Groups that open what chat permissions do not: everything in the access plane, and dead letters with redrives. */
const groups = {
  admins: 'May read and change every permission and read every chat.',
  operators: 'May inspect dead letters, and replay or discard them.',
};

/** Who is who: a user pool with one client for people's apps and one for machines. */
export class Identity extends Construct {
  readonly userPool: UserPool;
  readonly peopleClient: UserPoolClient;
  readonly machineClient: UserPoolClient;

  constructor(scope: Construct, id: string, { environment, identity, deletionProtection, removalPolicy }: Settings) {
    super(scope, id);

    this.userPool = new UserPool(this, 'Users', {
      selfSignUpEnabled: identity.selfSignUp,
      signInAliases: { username: true },
      autoVerify: { email: true },
      accountRecovery: AccountRecovery.EMAIL_ONLY,
      mfa: Mfa.OPTIONAL,
      mfaSecondFactor: { otp: true, sms: false },
      passwordPolicy: {
        minLength: 12,
        requireLowercase: true,
        requireUppercase: true,
        requireDigits: true,
        requireSymbols: true,
      },
      deletionProtection,
      removalPolicy,
    });
    Validations.of(this.userPool).acknowledge(
      {
        id: 'AwsSolutions-COG2',
        reason: 'A second factor is offered; a chat for the public cannot ask it of everyone.',
      },
      {
        id: 'AwsSolutions-COG8',
        reason: 'The plus plan bills every active user; what it adds is a choice for each deployment.',
      },
    );
    for (const [groupName, description] of Object.entries(groups)) {
      this.userPool.addGroup(groupName, { groupName, description });
    }

    const tokens = {
      accessTokenValidity: identity.tokenValidity,
      idTokenValidity: identity.tokenValidity,
      enableTokenRevocation: true,
      preventUserExistenceErrors: true,
    };
    this.peopleClient = this.userPool.addClient('People', {
      ...tokens,
      authFlows: { userSrp: true, userPassword: identity.passwordSignIn },
      disableOAuth: true,
      refreshTokenValidity: identity.refreshTokenValidity,
    });

    // Client credentials need a scope to ask for, and a domain to ask at.
    const publish = new ResourceServerScope({ scopeName: 'publish', scopeDescription: 'Publish messages over HTTP' });
    const api = this.userPool.addResourceServer('Api', { identifier: 'notifications', scopes: [publish] });
    this.machineClient = this.userPool.addClient('Machines', {
      ...tokens,
      generateSecret: true,
      // Without a list Cognito allows people's flows here, too.
      authFlows: { user: false, custom: false, userSrp: false },
      oAuth: { flows: { clientCredentials: true }, scopes: [OAuthScope.resourceServer(api, publish)] },
    });
    // Prefixes are shared by all accounts of a region.
    const domain = this.userPool.addDomain('Domain', {
      cognitoDomain: { domainPrefix: `websocket-notifications-${environment}-${Aws.ACCOUNT_ID}` },
    });
    new CfnOutput(this, 'TokenUrl', {
      description: 'Where machines exchange their client id and secret for a token',
      value: `${domain.baseUrl()}/oauth2/token`,
    }).overrideLogicalId('MachineTokenUrl');
  }
}
