//! The columns of a Parquet file, and as which arrays they are read.

use std::path::Path;
use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Fields, TimeUnit};
use parquet::arrow::parquet_to_arrow_schema;
use parquet::basic::{
    Compression, ConvertedType, Encoding, LogicalType, PageType, Type as PhysicalType,
};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};
use parquet::schema::types::{SchemaDescriptor, TypePtr};

use crate::error::{Error, ErrorKind, Result};
use crate::source::files::fields::check_names;
use crate::source::parquet::error::unreadable;

/// The columns of a file, as arrays without dictionaries.
///
/// Where Arrow's writers have noted the type that a column had in memory, that tells points in time
/// in seconds from numbers.
pub(crate) fn fields(path: &Path, metadata: &ParquetMetaData) -> Result<Fields> {
    let descriptor = metadata.file_metadata().schema_descr();
    let noted = metadata.file_metadata().key_value_metadata();
    let schema = parquet_to_arrow_schema(descriptor, noted)
        .or_else(|_| parquet_to_arrow_schema(descriptor, None))
        .map_err(|it| unreadable(path, it))?;
    check_names(path.display(), schema.fields())?;
    let roots = descriptor.root_schema().get_fields();
    Ok(schema.fields().iter().zip(roots).map(|(field, root)| readable(field, root)).collect())
}

/// The column as it is read: text and bytes with offsets, enumerations as text, durations as numbers,
/// and points in time of the old kind not in nanoseconds, whose range ends in 2262.
fn readable(field: &FieldRef, root: &TypePtr) -> FieldRef {
    if !root.is_primitive() {
        return Arc::clone(field);
    }
    let info = root.get_basic_info();
    let is_enumeration = matches!(info.logical_type_ref(), Some(LogicalType::Enum))
        || info.converted_type() == ConvertedType::ENUM;
    let data_type = match field.data_type() {
        DataType::Dictionary(_, values) => values,
        other => other,
    };
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            with_type(field, DataType::Utf8)
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView if is_enumeration => {
            with_type(field, DataType::Utf8)
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
            with_type(field, DataType::Binary)
        }
        DataType::Duration(_) => with_type(field, DataType::Int64),
        DataType::Timestamp(TimeUnit::Nanosecond, _)
            if root.get_physical_type() == PhysicalType::INT96 =>
        {
            with_type(field, DataType::Timestamp(TimeUnit::Microsecond, None))
        }
        other => with_type(field, other.clone()),
    }
}

fn with_type(field: &Field, data_type: DataType) -> FieldRef {
    Arc::new(field.clone().with_data_type(data_type))
}

/// The columns as they are read from one row group: text as a dictionary, where all its pages
/// refer to one.
pub(crate) fn fields_of(
    fields: &Fields,
    group: &RowGroupMetaData,
    descriptor: &SchemaDescriptor,
) -> Fields {
    let mut adapted = fields.to_vec();
    for (leaf, chunk) in group.columns().iter().enumerate() {
        let Some(field) = adapted.get_mut(descriptor.get_column_root_idx(leaf)) else { continue };
        if *field.data_type() == DataType::Utf8 && is_dictionary(chunk) {
            let keys = Box::new(DataType::Int32);
            *field = with_type(field, DataType::Dictionary(keys, Box::new(DataType::Utf8)));
        }
    }
    adapted.into()
}

/// `Unsupported` for a column chunk whose codec cannot be read.
pub(crate) fn check_codec(path: &Path, chunk: &ColumnChunkMetaData) -> Result<()> {
    if chunk.compression() != Compression::LZO {
        return Ok(());
    }
    let (column, path) = (chunk.column_path().string(), path.display());
    let message =
        format!("cannot read the column `{column}` of `{path}`: the codec LZO is not supported");
    Err(Error::new(ErrorKind::Unsupported, message))
}

/// Whether all data pages of a column chunk refer to its dictionary.
fn is_dictionary(chunk: &ColumnChunkMetaData) -> bool {
    let is_coded = |it| matches!(it, Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY);
    if let Some(mask) = chunk.page_encoding_stats_mask() {
        return mask.encodings().all(is_coded);
    }
    let Some(pages) = chunk.page_encoding_stats() else { return false };
    let is_data = |it: &PageType| matches!(it, PageType::DATA_PAGE | PageType::DATA_PAGE_V2);
    pages.iter().filter(|it| is_data(&it.page_type)).all(|it| is_coded(it.encoding))
}
