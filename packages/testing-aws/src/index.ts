/**
 * Local endpoints that speak the wire protocols of AWS services, for tests.
 *
 * @module
 */
export { startKms } from './start-kms.ts'
export type { KmsCall, KmsServer, StartKmsOptions } from './start-kms.ts'
export type { AwsCredentials } from './sigv4.ts'
export type { Denial } from './kms/access.ts'
export type { KmsFault } from './faults.ts'
