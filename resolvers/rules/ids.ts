const longestId = 128;

const digits = '0123456789';
const lowerCase = 'abcdefghijklmnopqrstuvwxyz';
const idAlphabet = `${digits}${lowerCase}ABCDEFGHIJKLMNOPQRSTUVWXYZ_.:@-`;
const hexDigits = `${digits}abcdefABCDEF`;

/** Digits of a UUID between its dashes. */
const uuidParts = [8, 4, 4, 4, 12];
const clientIdLength = 26;

/** No key like others in JavaScript's objects, and so no id, though its characters would do. */
const prototypeKey = '__proto__';

/** What is wrong with an id of a chat or a person, or null. */
export function problemOfId(name: string, id: string): string | null {
  const ofRightLength = id.length >= 1 && id.length <= longestId;
  if (ofRightLength && id !== prototypeKey && id.split('').every((one) => idAlphabet.indexOf(one) >= 0)) return null;
  return `Invalid ${name}: expected 1 to ${longestId} characters of A-Z a-z 0-9 - _ . : @`;
}

/**
 * Whether an id has the shape of a user id: a Cognito `sub` (a UUID), or the id of a machine's app client (26 lower
 * case letters and digits). Such names belong to their users, who are admins of the chats named so.
 */
export function looksLikeUserId(id: string): boolean {
  const parts = id.split('-');
  const uuid =
    parts.length === uuidParts.length &&
    parts.every(
      (part, index) => part.length === uuidParts[index] && part.split('').every((one) => hexDigits.indexOf(one) >= 0),
    );
  return (
    uuid ||
    (id.length === clientIdLength &&
      id.split('').every((one) => digits.indexOf(one) >= 0 || lowerCase.indexOf(one) >= 0))
  );
}
