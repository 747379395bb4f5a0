import { describe } from 'vitest'
import { onDocker } from './grounds.ts'
import { testsOfEgress } from './egress.ts'

describe('a way out of Docker', { timeout: 120_000 }, () => testsOfEgress(onDocker))
