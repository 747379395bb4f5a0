import { describe } from 'vitest'
import { onDocker } from './grounds.ts'
import { testsOfSetUps } from './set-up.ts'

describe('a set-up in Docker', { timeout: 120_000 }, () => testsOfSetUps(onDocker))
