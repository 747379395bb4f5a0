import { startMoto } from './moto.ts'
import type { RunningServer } from './process.ts'
import { startRadosgw } from './radosgw.ts'

/** Every server that the test files of one run share. */
export const SERVERS = {
  moto: startMoto,
  radosgw: startRadosgw,
} satisfies Record<string, () => Promise<RunningServer>>

export type ServerName = keyof typeof SERVERS

/** What is told of a server to those who share it. */
export type Shared<Name extends ServerName> = Omit<Awaited<ReturnType<(typeof SERVERS)[Name]>>, 'stop'>
