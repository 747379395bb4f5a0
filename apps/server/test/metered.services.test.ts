import { dockerExecutor } from '@seamark/executor-docker'
import { describe } from 'vitest'
import { dockerWithPrograms } from './grounds.ts'
import { testsOfMeters } from './metered.ts'

describe('in Docker', () =>
  testsOfMeters(async (dir) => {
    const { socketPath, programs: image, stop } = await dockerWithPrograms()
    return { make: () => dockerExecutor({ socketPath, image, requireDigest: true, dir }), stop }
  }))
