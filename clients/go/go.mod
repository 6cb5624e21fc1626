module oisp.invalid/clients

go 1.21
