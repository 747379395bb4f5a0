import { describe } from 'vitest'
import { onSandbox } from './grounds.ts'
import { testsOfRevocation } from './revoked.ts'

describe('a credential that is taken away from attempts in the sandbox', () => testsOfRevocation(onSandbox))
