import type { OutputStream } from '@seamark/core'

/** The argv of each of the in-memory executor's programs; has the shape that the executor suite asks for. */
export const memoryArgv = {
  exit: (code: number): string[] => ['exit', String(code)],
  signal: (name: string): string[] => ['signal', name],
  print: (stream: OutputStream, bytes: Uint8Array): string[] => [
    'print',
    stream,
    Buffer.from(bytes).toString('base64'),
  ],
  reopen: (stream: OutputStream, text: string): string[] => ['reopen', stream, text],
  sleep: (ms: number): string[] => ['sleep', String(ms)],
  chunks: (pauseMs: number, texts: readonly string[]): string[] => ['chunks', String(pauseMs), ...texts],
  flood: (): string[] => ['flood'],
  cat: (): string[] => ['cat'],
  env: (): string[] => ['env'],
  arguments: (texts: readonly string[]): string[] => ['arguments', ...texts],
  pwd: (): string[] => ['pwd'],
  append: (path: string, text: string): string[] => ['append', path, text],
  read: (path: string): string[] => ['read', path],
  daemon: (path: string, thenSleepMs: number): string[] =>
    thenSleepMs === 0 ? ['daemon', path] : ['daemon-and-sleep', path, String(thenSleepMs)],
  spin: (ms: number): string[] => ['spin', String(ms)],
  allocate: (bytes: number): string[] => ['allocate', String(bytes)],
  processes: (count: number, thenSleepMs: number): string[] => ['processes', String(count), String(thenSleepMs)],
  fill: (path: string, bytes: number, thenSleepMs: number): string[] => [
    'fill',
    path,
    String(bytes),
    String(thenSleepMs),
  ],
} as const
