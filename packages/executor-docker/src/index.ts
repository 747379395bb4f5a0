/**
 * Runs attempts in Docker containers.
 *
 * @module
 */
export { containerConfig } from './container-config.ts'
export type { ContainerConfig } from './container-body.ts'
export type { Launching } from './container-config.ts'
export { dockerExecutor } from './docker-executor.ts'
export type { DockerExecutor, DockerImage } from './docker-executor.ts'
export type { DockerExecutorOptions, DockerLimits, Settings } from './options.ts'
export type { ImageFacts } from './port.ts'
