import { rmSync } from 'node:fs';
import { type Cloud, startCloud } from '../../test/setup/cloud.ts';
import { EdgeControl } from '../../test/setup/edge-control.ts';
import { Tables } from '../../test/setup/tables.ts';
import { Forger } from '../../test/integration/contract/forged-tokens.ts';
import { personNamed, signIn } from '../../test/setup/sign-in.ts';

/** The embedded cloud in a process of its own, running an assembly, with what benches need around it. */
export interface Embedded {
  outputs: Cloud['outputs'];
  edge: EdgeControl;
  tables: Tables;
  /** A good token of a user, who need not exist in the pool. */
  tokenOf(userId: string): string;
  stop(): Promise<void>;
}

/** Starts it without the odd repeat of standard messages that tests want: benches count. */
export async function startEmbedded(assembly: string): Promise<Embedded> {
  const cloud = await startCloud({ arguments: ['--assembly', assembly, '--duplicates', '0'] });
  try {
    const { outputs } = cloud;
    const { accessToken } = await signIn(outputs, 'bob');
    const forger = Forger.of(cloud, 'bob', accessToken);
    const tables = await Tables.of(outputs);
    return {
      outputs,
      edge: new EdgeControl(outputs),
      tables,
      tokenOf: (userId) => forger.signed({ sub: userId, username: userId }),
      async stop() {
        tables.close();
        await end(cloud);
      },
    };
  } catch (error) {
    await end(cloud);
    throw error;
  }
}

/** At once: thousands of sockets, each with its `$disconnect`, would take a while to leave in order. */
async function end(cloud: Cloud): Promise<void> {
  await cloud.kill();
  rmSync(cloud.dataFolder, { recursive: true, force: true });
}

export function userIdOf({ outputs }: Embedded, username: string): string {
  return personNamed(outputs, username).userId;
}
