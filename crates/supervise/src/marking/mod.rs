//! Results go back where they came from: the red workbook.
