/**
 * Runs attempts in Docker containers.
 *
 * @module
 */
export { dockerExecutor } from './docker-executor.ts'
export type { DockerExecutor, DockerImage } from './docker-executor.ts'
export type { DockerExecutorOptions, DockerLimits } from './options.ts'
