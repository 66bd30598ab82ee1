const loopbackHost = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/i;

/**
 * True for the Host header of a client that addressed this machine by a loopback name. A web page that rebinds a name of its own to this
 * machine reaches our ports, but its requests still carry that name.
 */
export function isLoopbackHost(host: string | undefined): boolean {
  return host !== undefined && loopbackHost.test(host);
}
