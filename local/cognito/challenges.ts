import { CognitoError } from './library.ts';

type Challenge = { clientId: unknown; username: string; name: string; expires: number };

const lifetimeMs = 3 * 60 * 1000;

/**
 * Remembers which challenge each sign-in session is for. cognito-local asks only that there be a session, so that anybody could answer
 * a NEW_PASSWORD_REQUIRED nobody was asked and take over a user.
 */
export class Challenges {
  private readonly open = new Map<string, Challenge>();

  /** Notes the challenge in a reply, if there is one. */
  remember(clientId: unknown, reply: Record<string, unknown>): void {
    const { Session, ChallengeName, ChallengeParameters } = reply as {
      Session?: string;
      ChallengeName?: string;
      ChallengeParameters?: { USER_ID_FOR_SRP?: string };
    };
    const username = ChallengeParameters?.USER_ID_FOR_SRP;
    if (!Session || !ChallengeName || !username) return;
    const now = Date.now();
    for (const [session, { expires }] of this.open) if (expires < now) this.open.delete(session);
    this.open.set(Session, { clientId, username, name: ChallengeName, expires: now + lifetimeMs });
  }

  /** @throws NotAuthorizedException unless the answer is to a challenge that was given to this user and client. */
  check(input: Record<string, unknown>): void {
    const challenge = this.open.get(String(input['Session']));
    const { USERNAME } = (input['ChallengeResponses'] ?? {}) as { USERNAME?: unknown };
    if (
      !challenge ||
      challenge.expires < Date.now() ||
      challenge.clientId !== input['ClientId'] ||
      challenge.name !== input['ChallengeName'] ||
      challenge.username !== USERNAME
    ) {
      throw new CognitoError('NotAuthorizedException', 'Invalid session for the user.');
    }
  }

  forget(session: unknown): void {
    this.open.delete(String(session));
  }
}
