//! One configuration, made of the structs of the parts.
