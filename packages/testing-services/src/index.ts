/**
 * Real servers for the services suite, on the loopback address, in temporary folders.
 *
 * @module
 */
export { docker, startDocker } from './docker.ts'
export type { DockerEngine } from './docker.ts'
export { serveGit } from './git-server.ts'
export { startMoto } from './moto.ts'
export { startPgBouncer, startPostgres } from './postgres.ts'
export type { PgBouncer, Postgres, PostgresOptions } from './postgres.ts'
export { keep, runToEnd } from './process.ts'
export type { KeptOptions, KeptProcess, RunningServer } from './process.ts'
export { createRadosgwUser, radosgwAdmin, startRadosgw } from './radosgw.ts'
export type { Radosgw } from './radosgw.ts'
export type { S3Access } from './s3-access.ts'
export type { ServerName, Shared } from './servers.ts'
export { sharedServer } from './shared.ts'
export { LATE_MS, wireTo } from './wire.ts'
export type { Fault, Seen, Wire } from './wire.ts'
export { startWire } from './wire-process.ts'
export type { WireProcess } from './wire-process.ts'
