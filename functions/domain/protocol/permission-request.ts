import * as v from 'valibot';
import { limits } from './limits.ts';
import { invalid, missingField, parseRequest } from './parse.ts';

const text = (field: string) => v.pipe(v.string(invalid(field, 'a string')), v.nonEmpty(invalid(field, 'a name')));

const expiresAtMessage = invalid('expiresAt', 'a time in ISO 8601');

const GrantRequest = v.object(
  {
    targetUserId: text('targetUserId'),
    chatId: text('chatId'),
    role: v.optional(v.picklist(['admin', 'member', 'viewer'], invalid('role', 'admin, member or viewer'))),
    expiresAt: v.optional(
      v.pipe(
        v.string(expiresAtMessage),
        v.isoTimestamp(expiresAtMessage),
        // ISO 8601 knows times that JavaScript does not, such as those of an offset in hours alone: `+05`.
        v.check((time) => Number.isFinite(Date.parse(time)), expiresAtMessage),
      ),
    ),
  },
  missingField,
);

const MembershipRequest = v.object({ userId: text('userId'), chatId: text('chatId') }, missingField);

const limitMessage = invalid('limit', `a whole number from 1 to ${limits.permissionsPerPage}`);

const ListRequest = v.object(
  {
    userId: text('userId'),
    limit: v.optional(
      v.pipe(
        v.string(limitMessage),
        v.regex(/^[1-9]\d{0,3}$/, limitMessage),
        v.transform(Number),
        v.maxValue(limits.permissionsPerPage, limitMessage),
      ),
    ),
    nextToken: v.optional(text('nextToken')),
  },
  missingField,
);

export type GrantRequest = v.InferOutput<typeof GrantRequest>;
export type MembershipRequest = v.InferOutput<typeof MembershipRequest>;
export type ListRequest = v.InferOutput<typeof ListRequest>;

/** The body of `POST /permissions`. @throws InvalidRequest. */
export function parseGrantRequest(body: Record<string, unknown>): GrantRequest {
  return parseRequest(GrantRequest, body);
}

/** The query of `DELETE /permissions`. @throws InvalidRequest. */
export function parseRevokeRequest(query: Record<string, unknown>): MembershipRequest {
  return parseRequest(MembershipRequest, query);
}

/** The query of `GET /permissions`: whose permissions, and which page of them. @throws InvalidRequest. */
export function parseListRequest(query: Record<string, unknown>): ListRequest {
  return parseRequest(ListRequest, query);
}
