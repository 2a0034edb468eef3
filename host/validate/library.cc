#include "host/validate/library.h"

#include "host/config/load.h"

namespace traincast {

Library load_library(const ConfigStore& store) {
  Library library;
  for (const std::string& name : store.names(ConfigKind::gpus)) library.gpus.push_back(load_gpu(store, name));
  for (const std::string& name : store.names(ConfigKind::stacks))
    library.stacks.push_back(load_stack(store, name));
  for (const std::string& name : store.names(ConfigKind::models)) {
    library.models.push_back(load_transformer(store, name));
  }
  return library;
}

}  // namespace traincast
