import { CognitoError } from './library.ts';

/** What a pool asks of passwords, as in AWS::Cognito::UserPool PasswordPolicy. */
export type PasswordPolicy = {
  MinimumLength?: number;
  RequireLowercase?: boolean;
  RequireUppercase?: boolean;
  RequireNumbers?: boolean;
  RequireSymbols?: boolean;
};

/** Cognito's own, for a pool that sets none. */
export const defaultPasswordPolicy: PasswordPolicy = {
  MinimumLength: 8,
  RequireLowercase: true,
  RequireUppercase: true,
  RequireNumbers: true,
  RequireSymbols: true,
};

/** The fields by which actions set a password. */
const passwordFields = ['Password', 'ProposedPassword', 'TemporaryPassword'];

/** @throws InvalidPasswordException, in Cognito's words, for a password the policy refuses. */
export function checkPassword(password: string, policy: PasswordPolicy): void {
  const problems: [boolean, string][] = [
    [password.length < (policy.MinimumLength ?? 6), 'Password not long enough'],
    [policy.RequireLowercase === true && !/[a-z]/.test(password), 'Password must have lowercase characters'],
    [policy.RequireUppercase === true && !/[A-Z]/.test(password), 'Password must have uppercase characters'],
    [policy.RequireNumbers === true && !/[0-9]/.test(password), 'Password must have numeric characters'],
    [policy.RequireSymbols === true && !/[^a-zA-Z0-9]/.test(password), 'Password must have symbol characters'],
  ];
  const problem = problems.find(([applies]) => applies)?.[1];
  if (problem) throw new CognitoError('InvalidPasswordException', `Password did not conform with policy: ${problem}`);
}

/** Checks every password an action's input would set. */
export function checkPasswordsOf(input: Record<string, unknown>, policy: PasswordPolicy): void {
  const responses = (input['ChallengeResponses'] ?? {}) as Record<string, unknown>;
  for (const password of [...passwordFields.map((field) => input[field]), responses['NEW_PASSWORD']]) {
    if (typeof password === 'string') checkPassword(password, policy);
  }
}
