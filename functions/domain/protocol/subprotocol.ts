const name = 'notification.v1';

function entriesOf(header: string | undefined): string[] {
  return (header ?? '').split(',').map((entry) => entry.trim());
}

/**
 * The WebSocket subprotocol. A client offers `notification.v1`, and may put its token behind it as a second entry, since
 * a browser can send no other header and URLs leak into logs. The server answers with the name alone.
 */
export const subprotocol = {
  name,

  /** @param header the value of Sec-WebSocket-Protocol. */
  isOffered(header: string | undefined): boolean {
    return entriesOf(header).includes(name);
  },

  /** The token behind the name, if there is one. */
  tokenIn(header: string | undefined): string | undefined {
    const [first, token] = entriesOf(header);
    return first === name && token ? token : undefined;
  },
};
