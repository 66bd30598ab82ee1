import * as v from 'valibot';
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

const ListRequest = v.object({ userId: text('userId') }, missingField);

export type GrantRequest = v.InferOutput<typeof GrantRequest>;
export type MembershipRequest = v.InferOutput<typeof MembershipRequest>;

/** The body of `POST /permissions`. @throws InvalidRequest. */
export function parseGrantRequest(body: Record<string, unknown>): GrantRequest {
  return parseRequest(GrantRequest, body);
}

/** The query of `DELETE /permissions`. @throws InvalidRequest. */
export function parseRevokeRequest(query: Record<string, unknown>): MembershipRequest {
  return parseRequest(MembershipRequest, query);
}

/** The query of `GET /permissions`: whose permissions. @throws InvalidRequest. */
export function parseListRequest(query: Record<string, unknown>): { userId: string } {
  return parseRequest(ListRequest, query);
}
