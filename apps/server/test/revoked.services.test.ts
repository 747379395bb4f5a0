import { describe } from 'vitest'
import { onDocker } from './grounds.ts'
import { testsOfRevocation } from './revoked.ts'

describe('a credential that is taken away from attempts in Docker', () => testsOfRevocation(onDocker))
