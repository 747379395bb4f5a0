import { describe } from 'vitest'
import { testsOfAFullDisk } from './full-disk.ts'
import { onSandbox } from './grounds.ts'

describe('in the sandbox', () => testsOfAFullDisk(onSandbox))
