package dev.firn.testing;

import org.gaul.s3proxy.blobstore.BlobStore;
import org.gaul.s3proxy.blobstore.ForwardingBlobStore;
import software.amazon.awssdk.services.s3.model.BucketCannedACL;
import software.amazon.awssdk.services.s3.model.ObjectCannedACL;

/**
 * Refuses requests without a key. S3Proxy reads who may see a bucket from its folder's permissions,
 * so that one readable by other users, as a usual umask leaves it, is open to anonymous readers.
 */
final class PrivateBuckets extends ForwardingBlobStore {
  PrivateBuckets(BlobStore store) {
    super(store);
  }

  @Override
  public BucketCannedACL getContainerAccess(String container) {
    return BucketCannedACL.PRIVATE;
  }

  @Override
  public ObjectCannedACL getBlobAccess(String container, String key) {
    return ObjectCannedACL.PRIVATE;
  }

  @Override
  public ObjectCannedACL getBlobAccess(String container, String key, String version) {
    return ObjectCannedACL.PRIVATE;
  }
}
