import { createContext, runInContext } from 'node:vm';
import ts from 'typescript';
import { dynamodbModule } from '../util/dynamodb-module.ts';
import { EarlyReturn, type Invocation } from '../util/signals.ts';
import { runtimeGlobals } from '../util/util.ts';
import { checkCode } from './check.ts';

/** AppSync's limit for the code of one resolver or function, in characters. */
const longestCode = 32_768;

/** What a handler came to: a value, or a value with which it left early. */
export type HandlerResult = { value: unknown; early?: 'END' | 'NEXT' };

/** The `request` and `response` of a resolver or function, ready to run. */
export interface Handlers {
  request(context: object, invocation: Invocation): HandlerResult;
  response(context: object, invocation: Invocation): HandlerResult;
}

/**
 * Runs the code of resolvers and functions: JavaScript of APPSYNC_JS in a context of its own, where nothing of Node's is
 * to be had. Handlers never wait, so one invocation is current at a time.
 */
export class CodeRuntime {
  readonly #globals: ReturnType<typeof runtimeGlobals>;
  readonly #context: object;
  #current: Invocation | undefined;

  /** @param print takes what code prints, a line at a time */
  constructor(print: (line: string) => void = () => undefined) {
    this.#globals = runtimeGlobals(() => this.#running());
    const log = (...values: unknown[]): void =>
      print(values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join(' '));
    const console = { log, error: log };
    this.#context = createContext({ ...this.#globals, console }, { codeGeneration: { strings: false, wasm: false } });
    // AppSync's JSON.parse gives an empty text for what is not JSON.
    runInContext(
      `{ const parse = JSON.parse; JSON.parse = (text) => { try { return parse(text); } catch { return ''; } }; }
       for (const name of ['Date', 'Map', 'Set', 'WeakMap', 'WeakSet', 'Promise', 'BigInt', 'Proxy', 'Reflect', 'Intl']) delete globalThis[name];`,
      this.#context,
    );
  }

  /**
   * Loads a module's code.
   * @param name what errors call the code
   * @throws Error that lists everything APPSYNC_JS would refuse
   */
  load(name: string, code: string): Handlers {
    const findings = checkCode(code).map(({ line, message }) => `${name}:${line}: ${message}`);
    if (code.length > longestCode) findings.push(`${name}: ${code.length} characters; AppSync takes ${longestCode}`);
    if (findings.length > 0) throw new Error(`AppSync would refuse this code:\n${findings.join('\n')}`);
    const exported = this.#evaluate(name, code);
    const handler = (kind: 'request' | 'response') => {
      const call = exported[kind];
      if (typeof call !== 'function') throw new Error(`${name} exports no function ${kind}.`);
      return (context: object, invocation: Invocation) =>
        this.#call(() => (call as (context: object) => unknown)(context), invocation);
    };
    return { request: handler('request'), response: handler('response') };
  }

  #evaluate(name: string, code: string): Record<string, unknown> {
    const { outputText } = ts.transpileModule(code, {
      compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ESNext, removeComments: true },
    });
    const wrapper = runInContext(`(function (exports, require) {'use strict';${outputText}\n})`, this.#context, {
      filename: name,
    }) as (exports: object, require: (module: string) => unknown) => void;
    const exports: Record<string, unknown> = {};
    wrapper(exports, (module) => (module === '@aws-appsync/utils/dynamodb' ? dynamodbModule : this.#globals));
    return exports;
  }

  #call(handler: () => unknown, invocation: Invocation): HandlerResult {
    this.#current = invocation;
    try {
      return { value: plain(handler()) };
    } catch (signal) {
      if (!(signal instanceof EarlyReturn)) throw signal;
      return { value: plain(signal.value), early: signal.skipTo };
    } finally {
      this.#current = undefined;
    }
  }

  #running(): Invocation {
    if (!this.#current) throw new Error('util was used outside a handler.');
    return this.#current;
  }
}

/** A value as it leaves the runtime: JSON, without anything of the runtime's own. */
export function plain(value: unknown): unknown {
  return value === undefined ? null : (JSON.parse(JSON.stringify(value) ?? 'null') as unknown);
}
