import { defineConfig } from '@seamark/config'
import { dockerExecutor } from '@seamark/executor-docker'
import { named } from './named.ts'

/** Attempts in Docker containers, all of one image that is named by its digest. */
export default defineConfig({
  executors: [
    dockerExecutor({
      image: named('SEAMARK_IMAGE'),
      requireDigest: true,
      socketPath: process.env['SEAMARK_DOCKER_SOCKET'] ?? '/var/run/docker.sock',
      limits: { cpus: 2, memoryBytes: 4 * 1024 ** 3, pids: 512 },
      onNotice: (error) => console.error(error.message),
    }),
  ],
  require: { executor: { isolation: 'container', network: 'none', tree: 'proven', proof: 'tested' } },
})
