/**
 * The reference server: composes everything, and serves `/v1` on a unix socket.
 *
 * @module
 */
export { compose } from './compose.ts'
export type { ComposeOptions } from './compose.ts'
export type { Deployment } from './deployment.ts'
export { readServerEnvironment } from './env.ts'
export type { ServerEnvironment } from './env.ts'
export { serviceHost } from './host.ts'
export { buildApp } from './http/app.ts'
export type { App, AppOptions } from './http/app.ts'
export { sandboxAvailable } from '@seamark/executor-sandbox'
export { VERSION } from './version.ts'
