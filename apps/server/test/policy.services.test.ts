import { describe } from 'vitest'
import { onDocker } from './grounds.ts'
import { testsOfPolicies } from './policy.ts'

describe('a policy in Docker', { timeout: 120_000 }, () => testsOfPolicies(onDocker))
