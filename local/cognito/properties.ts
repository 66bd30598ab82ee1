import type { SupportedResources } from '../template/stack.ts';

const noMail = { noEffect: 'no mail or text message is sent; codes are handed to the caller of startCognito' };
const forPeople = { noEffect: 'text for people' };

/** What a template may say of Cognito. */
export const cognitoProperties: SupportedResources = {
  'AWS::Cognito::UserPool': {
    AccountRecoverySetting: noMail,
    AdminCreateUserConfig: 'implemented',
    AutoVerifiedAttributes: 'implemented',
    DeletionProtection: { noEffect: 'the data folder is its owner’s to empty' },
    EmailVerificationMessage: noMail,
    EmailVerificationSubject: noMail,
    EnabledMfas: { noEffect: 'authenticator apps are what MfaConfiguration offers here' },
    MfaConfiguration: 'implemented',
    Policies: 'implemented',
    SmsVerificationMessage: noMail,
    UserPoolAddOns: { noEffect: 'there is no threat protection here' },
    UserPoolName: 'implemented',
    UserPoolTags: forPeople,
    UserPoolTier: { noEffect: 'a price' },
    VerificationMessageTemplate: noMail,
  },
  'AWS::Cognito::UserPoolClient': {
    AccessTokenValidity: 'implemented',
    AllowedOAuthFlows: 'implemented',
    AllowedOAuthFlowsUserPoolClient: 'implemented',
    AllowedOAuthScopes: 'implemented',
    ClientName: 'implemented',
    EnableTokenRevocation: { noEffect: 'refresh tokens can always be revoked here' },
    ExplicitAuthFlows: 'implemented',
    GenerateSecret: 'implemented',
    IdTokenValidity: 'implemented',
    PreventUserExistenceErrors: { noEffect: 'signing in never tells who exists, signing up and recovery always do' },
    RefreshTokenValidity: 'implemented',
    SupportedIdentityProviders: 'implemented',
    TokenValidityUnits: 'implemented',
    UserPoolId: 'implemented',
  },
  'AWS::Cognito::UserPoolGroup': {
    Description: forPeople,
    GroupName: 'implemented',
    Precedence: { noEffect: 'it chooses among IAM roles, which no group here has' },
    UserPoolId: 'implemented',
  },
  'AWS::Cognito::UserPoolResourceServer': {
    Identifier: 'implemented',
    Name: forPeople,
    Scopes: 'implemented',
    UserPoolId: 'implemented',
  },
  'AWS::Cognito::UserPoolDomain': {
    Domain: { noEffect: 'the token endpoint is at /oauth2/token of whatever address Cognito is mounted at' },
    ManagedLoginVersion: { noEffect: 'there are no login pages here' },
    UserPoolId: 'implemented',
  },
};
