import { dockerExecutor } from '@seamark/executor-docker'
import { startDocker } from '@seamark/testing-services'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe } from 'vitest'
import { testsOfFiles } from './filesystem.ts'

const makeImage = join(import.meta.dirname, '../../executor-docker/bin/make-image.sh')
const programs = ['sh', 'cat', 'echo', 'git', 'grep', 'ln', 'ls', 'mkdir', 'mount', 'mv', 'rm', 'test', 'unshare']

describe('files of a policy, in Docker', { timeout: 60_000 }, () =>
  testsOfFiles(async (dir) => {
    const engine = await startDocker()
    const { socketPath } = engine
    const env = { ...process.env, DOCKER_HOST: `unix://${socketPath}` }
    const image = execFileSync(makeImage, ['seamark-test/files:1', ...programs], { encoding: 'utf8', env }).trim()
    const executor = dockerExecutor({ socketPath, image, requireDigest: true, dir })
    return {
      executor,
      async end() {
        await executor.close?.()
        await engine.stop()
      },
    }
  }),
)
