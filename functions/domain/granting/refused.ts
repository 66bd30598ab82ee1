import {
  contendedMessage,
  forbiddenMessage,
  type Problem,
  type RefusalType,
} from '../../../resolvers/rules/problems.ts';
import { ServiceError } from '../protocol/errors.ts';

const statusOf: Record<RefusalType, number> = {
  InvalidInput: 400,
  Forbidden: 403,
  NotFound: 404,
  Conflict: 409,
  Throttled: 429,
};

/** A change of permissions, or a look at them, that the rules do not allow; in the very words GraphQL has for it. */
export class PermissionRefused extends ServiceError {
  override readonly name = 'PermissionRefused';

  constructor({ errorType, message }: Pick<Problem, 'errorType' | 'message'>) {
    super(statusOf[errorType], message);
  }
}

/** 403, whether what was asked for exists or not. */
export function forbidden(): PermissionRefused {
  return new PermissionRefused({ errorType: 'Forbidden', message: forbiddenMessage });
}

/** 429: the next try may find the rows at rest. */
export function contended(): PermissionRefused {
  return new PermissionRefused({ errorType: 'Throttled', message: contendedMessage });
}
