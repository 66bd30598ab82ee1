import { Challenges } from './challenges.ts';
import { CognitoError, silent, UnsupportedError, type AppClient, type Attribute, type Router } from './library.ts';
import { checkPasswordsOf, type PasswordPolicy } from './password-policy.ts';
import { accessTokenSeconds, checkRefreshToken, type PoolTokens } from './tokens.ts';

/** What the pool's rules say beyond what cognito-local checks. */
export type PoolRules = {
  clients: Map<string, AppClient>;
  passwordPolicy: PasswordPolicy;
  /** AllowAdminCreateUserOnly is false. */
  selfSignUp: boolean;
};

type Input = Record<string, unknown>;

/** Actions anybody may call; the others are an administrator's and need signed requests. */
const publicActions = new Set([
  'AssociateSoftwareToken',
  'ChangePassword',
  'ConfirmForgotPassword',
  'ConfirmSignUp',
  'DeleteUser',
  'DeleteUserAttributes',
  'ForgotPassword',
  'GetUser',
  'GetUserAttributeVerificationCode',
  'InitiateAuth',
  'RespondToAuthChallenge',
  'RevokeToken',
  'SetUserMFAPreference',
  'SignUp',
  'UpdateUserAttributes',
  'VerifySoftwareToken',
  'VerifyUserAttribute',
]);

/**
 * The actions of a user pool: cognito-local's, behind the checks it leaves out. It decodes access tokens without verifying them, ignores which
 * flows a client has, lets a sign-up choose its `sub`, and takes a missing confirmation code for a right one.
 */
export class PoolActions {
  private readonly route: Router;
  private readonly rules: PoolRules;
  private readonly tokens: PoolTokens;
  private readonly challenges = new Challenges();

  constructor(route: Router, rules: PoolRules, tokens: PoolTokens) {
    this.route = route;
    this.rules = rules;
    this.tokens = tokens;
  }

  /**
   * Carries out an action.
   * @param signed an administrator asks, whom the edge has authorized
   * @throws CognitoError by the name Cognito gives it
   */
  async perform(action: string, input: Input, signed: boolean): Promise<Record<string, unknown>> {
    if (!signed && !publicActions.has(action)) {
      throw new CognitoError(
        'MissingAuthenticationTokenException',
        `${action} is an administrator's: send it, signed, to the edge.`,
      );
    }
    if (!signed) this.check(action, input);
    checkPasswordsOf(input, this.rules.passwordPolicy);
    try {
      const output = await this.route(action)(silent, input);
      if (action === 'RespondToAuthChallenge') this.challenges.forget(input['Session']);
      this.challenges.remember(input['ClientId'], output);
      return this.withLifetime(output, input['ClientId']);
    } catch (error) {
      throw toCognitoError(action, input, error);
    }
  }

  private check(action: string, input: Input): void {
    if (typeof input['AccessToken'] === 'string') this.tokens.checkAccessToken(input['AccessToken']);
    switch (action) {
      case 'InitiateAuth':
        return this.checkFlow(input);
      case 'RespondToAuthChallenge':
        return this.challenges.check(input);
      case 'SignUp':
        return this.checkSignUp(input);
      case 'ConfirmForgotPassword':
        if (typeof input['ConfirmationCode'] !== 'string') throw invalid('ConfirmationCode is required');
    }
  }

  private checkFlow(input: Input): void {
    const client = this.rules.clients.get(String(input['ClientId']));
    if (!client) return;
    const flow = input['AuthFlow'] === 'REFRESH_TOKEN' ? 'REFRESH_TOKEN_AUTH' : String(input['AuthFlow']);
    const allowed = (client['ExplicitAuthFlows'] ?? ['ALLOW_REFRESH_TOKEN_AUTH']) as string[];
    if (!allowed.includes(`ALLOW_${flow}`)) throw invalid(`${flow} flow not enabled for this client`);
    const { REFRESH_TOKEN } = (input['AuthParameters'] ?? {}) as { REFRESH_TOKEN?: unknown };
    if (typeof REFRESH_TOKEN === 'string') checkRefreshToken(REFRESH_TOKEN, client.ClientId);
  }

  private checkSignUp(input: Input): void {
    if (!this.rules.selfSignUp) {
      throw new CognitoError('NotAuthorizedException', 'SignUp is not permitted for this user pool');
    }
    const attributes = (input['UserAttributes'] ?? []) as Attribute[];
    if (attributes.some(({ Name }) => Name === 'sub')) throw invalid('A user cannot choose the attribute sub');
  }

  /** cognito-local leaves out the lifetime and type that Cognito's replies tell. */
  private withLifetime(output: Record<string, unknown>, clientId: unknown): Record<string, unknown> {
    const client = this.rules.clients.get(String(clientId));
    const tokens = output['AuthenticationResult'];
    if (!client || typeof tokens !== 'object') return output;
    const lifetime = { ExpiresIn: accessTokenSeconds(client), TokenType: 'Bearer' };
    return { ...output, AuthenticationResult: { ...tokens, ...lifetime } };
  }
}

const invalid = (message: string): Error => new CognitoError('InvalidParameterException', message);

/** A wrong password and an unknown user read alike; what the library does not know is the caller's mistake, not a failure to retry. */
function toCognitoError(action: string, input: Input, error: unknown): unknown {
  if (error instanceof UnsupportedError) {
    return new CognitoError('InvalidParameterException', `The embedded Cognito does not implement ${error.message}.`);
  }
  if (!(error instanceof CognitoError)) return error;
  const badSignIn = error.code === 'InvalidPasswordException' || error.message === 'User not authorized';
  if (badSignIn && (action === 'InitiateAuth' || action === 'ChangePassword')) {
    const refreshing = String(input['AuthFlow']).startsWith('REFRESH_TOKEN');
    const message = refreshing ? 'Invalid Refresh Token' : 'Incorrect username or password.';
    return new CognitoError('NotAuthorizedException', message);
  }
  return error;
}
