"""The pages of a health record: the record itself, its entries and papers, who may read it, handing it over."""
