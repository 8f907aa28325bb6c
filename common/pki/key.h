// A P-256 private key: made here, kept in memory and in a file of mode 0600, never sent.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/base/digest.h"
#include "common/base/result.h"

namespace ondol::pki {

struct KeyState;

// Cheap to copy: shares one immutable key. Thread: any.
struct Key {
  std::shared_ptr<const KeyState> state;
};

Result<Key> make_key();
Result<Key> parse_key(std::string_view pem);     // kInvalidInput unless it is one unencrypted P-256 key
Result<std::string> render_key(const Key& key);  // PKCS#8 PEM
Sha256 spki_hash(const Key& key);  // of the public half; equals CertificateFacts::spki of its certificate

// ECDSA-SHA256, DER. verify_signature in verify.h is its other half.
Result<std::string> sign_bytes(const Key& key, std::string_view bytes);

}  // namespace ondol::pki
