export const setTimeout = (ms: number): Promise<void> => world.clock.sleep(ms);
