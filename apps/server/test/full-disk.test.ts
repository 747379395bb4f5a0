import { describe } from 'vitest'
import { testsOfAFullDisk } from './full-disk.ts'
import { onHost } from './grounds.ts'

describe('on the host', () => testsOfAFullDisk(onHost))
