import { startMoto } from './moto.ts'
import { startRadosgw } from './radosgw.ts'

/** Every server that the test files of one run share. */
export const SERVERS: { readonly moto: typeof startMoto; readonly radosgw: typeof startRadosgw } = {
  moto: startMoto,
  radosgw: startRadosgw,
}

export type ServerName = keyof typeof SERVERS

/** What is told of a server to those who share it. */
export type Shared<Name extends ServerName> = Omit<Awaited<ReturnType<(typeof SERVERS)[Name]>>, 'stop'>
