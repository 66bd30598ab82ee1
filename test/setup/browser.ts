import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const root = join(import.meta.dirname, '../..');

/** Browsers that a system's packages put there. */
const installed = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

type Launch = { executablePath: string; env: Record<string, string> };

/**
 * Launches a headless Chromium: on Linux x64 the one that `npm ci` brings, elsewhere one that is installed.
 * @throws Error saying what to install
 */
export async function launchBrowser(): Promise<Browser> {
  const { executablePath, env } = packagedBrowser() ?? installedBrowser();
  try {
    return await chromium.launch({
      executablePath,
      env: { ...definedEnvironment(), ...env },
      args: ['--disable-gpu', '--disable-background-networking', '--no-first-run'],
    });
  } catch (cause) {
    throw new Error(`${executablePath} does not start. ${advice}`, { cause });
  }
}

const advice =
  'The browser tests need Chromium: apt-get install chromium (or the like), on Linux x64 npm ci is enough otherwise.';

function packagedBrowser(): Launch | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const folder = unpackedBrowser();
  return {
    executablePath: join(folder, 'chromium'),
    // It brings the few libraries that a minimal system lacks (NSS), and fonts for where there are none.
    env: {
      LD_LIBRARY_PATH: join(folder, 'al2023/lib'),
      ...(existsSync('/etc/fonts/fonts.conf') ? {} : { FONTCONFIG_FILE: join(folder, 'fonts.conf') }),
    },
  };
}

function installedBrowser(): Launch {
  const executablePath = installed.find((path) => existsSync(path));
  if (!executablePath) throw new Error(`No browser at ${installed.join(', ')}. ${advice}`);
  return { executablePath, env: {} };
}

/** The folder of the unpacked browser. Test files run side by side: whoever is first moves a complete one into place. */
function unpackedBrowser(): string {
  const manifest = join(root, 'node_modules/@sparticuz/chromium/package.json');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  const folder = join(root, 'node_modules/.cache/test-browser', version);
  if (existsSync(folder)) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  const unpacked = mkdtempSync(`${folder}-`);
  execFileSync(process.execPath, [join(import.meta.dirname, 'unpack-browser.ts')], {
    env: { ...process.env, NODE_OPTIONS: '', TMPDIR: unpacked },
  });
  try {
    renameSync(unpacked, folder);
  } catch (error) {
    rmSync(unpacked, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

function definedEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
