import { describe } from 'vitest'
import { onDocker } from './grounds.ts'
import { testsOfOutcomes } from './outcomes.ts'

describe('an outcome in Docker', { timeout: 120_000 }, () => testsOfOutcomes(onDocker))
