/**
 * A `StorageProvider` that keeps objects as files below one folder.
 *
 * @module
 */
export { folderStorage } from './folder-storage.ts'
export type { FolderStorageOptions } from './folder-storage.ts'
