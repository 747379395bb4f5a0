import { describe } from 'vitest'
import { onSandbox } from './grounds.ts'
import { testsOfPolicies } from './policy.ts'

describe('a policy in the sandbox', { timeout: 120_000 }, () => testsOfPolicies(onSandbox))
