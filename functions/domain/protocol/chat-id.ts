/**
 * What a chat may be called: 1-128 characters that are safe in URLs, comma lists and table keys. Not `__proto__`, which is
 * no key like others in JavaScript's objects, here and at whoever keeps chats by name.
 */
export const chatIdPattern = /^(?!__proto__$)[A-Za-z0-9\-_.:@]{1,128}$/;

export const chatIdRule = '1-128 characters of A-Z a-z 0-9 - _ . : @';

export function isChatId(value: unknown): value is string {
  return typeof value === 'string' && chatIdPattern.test(value);
}
